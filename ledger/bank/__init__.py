"""Bank files: what the bank says has moved, read exactly, booked once, and what nobody could credit worked off.

Here belong readers of statements and notices, their intake, the bank accounts of the centre, and suspense.
Not here: paying out (payouts), comparing days with the bank (reconciliation), HTTP.
"""
