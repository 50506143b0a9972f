"""Other gateways' work beside ours: n8n and Node-RED, installed from npm, driven with the same requests."""
