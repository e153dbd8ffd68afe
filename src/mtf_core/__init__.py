"""mtf: decide by rules over several timeframes, and plan the order. Pure values in, values out."""
