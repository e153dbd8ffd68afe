"""Guards on money: switches, the risk day, limits that stand before every entry."""

from mtf_core.risk.switches import GLOBAL_SWITCH, Switch, Switchboard, switch_key

__all__ = ["GLOBAL_SWITCH", "Switch", "Switchboard", "switch_key"]
