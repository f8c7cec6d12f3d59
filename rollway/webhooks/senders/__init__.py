"""One module per sender: from what arrived to events of a registry, or why not. Without effects but for certificates, which SNS needs."""
