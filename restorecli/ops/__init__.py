"""Pure functions on tensors: damage made on purpose, metrics, self-ensemble."""
