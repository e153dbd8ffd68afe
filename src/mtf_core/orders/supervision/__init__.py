"""The parts of one look at one intent; `orders/supervise.py` is their door.

Each part looks at one question and works on a `Look`. Parts that follow the evidence only change states; at most one
of the parts that act gives the write of the look.
"""
