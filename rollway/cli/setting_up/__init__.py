"""What ``rollway setup`` brings a Prefect server to. All modules but ``deployments_file`` and ``changes`` import Prefect."""
