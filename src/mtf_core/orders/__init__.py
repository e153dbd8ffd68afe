"""Orders as they live: ids, intents and their states, what may follow what. Pure: views in, transitions out."""
