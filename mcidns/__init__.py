"""mcidns: one name follows the healthy regions of a Kubernetes federation."""

__version__ = "0.1.0"
