"""Shell. (Room under construction.)"""
