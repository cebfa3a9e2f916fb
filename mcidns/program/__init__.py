"""Making DNS match what is wished: plan, guard and write, one worker per zone; no back end and nothing of Kubernetes lives here."""
