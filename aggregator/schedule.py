"""Pure. (Room under construction.)"""
