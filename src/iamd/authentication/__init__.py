"""Who is calling: one kind of credential per module, ``authenticate`` chooses among them."""
