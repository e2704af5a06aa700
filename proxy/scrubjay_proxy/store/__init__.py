"""Where stored responses live: one contract, several homes."""
