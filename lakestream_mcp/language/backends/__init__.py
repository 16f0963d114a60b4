"""Who turns words into drafts: models behind services, the caller's own model, rules, a form."""
