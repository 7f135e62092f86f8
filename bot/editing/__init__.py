"""The editors' pages: who knows the truth can put it in, without knowing YAML."""
