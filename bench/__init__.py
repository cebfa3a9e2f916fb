"""The budgets of the design, measured; whether the code is right is a matter of tests/."""
