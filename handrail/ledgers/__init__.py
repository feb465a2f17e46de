"""Double-entry ledgers. The moves are the truth; balances are derived."""
