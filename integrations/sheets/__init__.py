"""Order files: CSV and Excel exports of any shop, read as a stream and mapped to the same orders as a connector's.

reading   bytes -> rows of text (encodings, BOM, gzip, delimiters, xlsx)
cells     one cell -> amount, moment, whole number (="123", thousands separators, day-first dates)
maps      what a file's columns mean: a YAML of ours, or guessed by `auto`
grouping  rows of one order brought together, wherever they stand in the file, with little memory
mapping   an order's rows -> `domain.order.Order`; rows that cannot be read -> a reason
"""
