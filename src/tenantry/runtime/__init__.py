"""The Installation document, and the contract of whoever runs installations: an agent, or the operator."""
