"""Which policies decide an iamd call: its actions, their resources, the condition keys and the policies in force."""
