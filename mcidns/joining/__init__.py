"""Making a cluster a member and ending that, between the two clusters' APIs; what people see of it lives in cli/."""
