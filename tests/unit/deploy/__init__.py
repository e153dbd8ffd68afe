"""What is shipped to run mtf with."""
