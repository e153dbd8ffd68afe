"""What every adapter of a real exchange shares, whatever its words: worlds and their hosts, its time, sockets."""
