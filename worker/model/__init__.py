"""What a message is, what a vendor said of it and what follows: pure values, stdlib only."""
