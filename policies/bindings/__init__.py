"""From what a registry says happened to the rollouts that shall follow from it. Decides without effects."""
