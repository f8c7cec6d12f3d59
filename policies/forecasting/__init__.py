"""What a policy can show at an endpoint's traffic, before anything is rolled out: nothing is simulated, the judge itself is asked."""
