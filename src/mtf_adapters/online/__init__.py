"""What every adapter of a real exchange shares, whatever its words: worlds and hosts, its time, requests, sockets."""
