"""Many workers on one account, with everything that they rest on killed in mid-minute: `make killings`."""
