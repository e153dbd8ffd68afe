"""What the OpenAPI document says: questions (query strings, bodies), answers, problems, who may ask."""
