"""The sandbox's exchange as other programs meet it: over HTTP and WebSocket, in the words of a real venue."""
