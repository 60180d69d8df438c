"""Numbers with separators."""


def format(number, decimal_sep, decimal_pos=None, grouping=0, thousand_sep="", force_grouping=False, use_l10n=None):
    """The digits that there are, cut and filled up to so many behind the point; nothing is rounded."""
    if number is None or number == "":
        return str(number)
    text = str(number)
    if "e" in text.lower():
        from decimal import Decimal

        text = "{:f}".format(Decimal(text))
    sign = "-" if text.startswith("-") else ""
    whole, _, rest = text.removeprefix("-").partition(".")
    if decimal_pos is not None:
        rest = rest[:decimal_pos].ljust(decimal_pos, "0")
    if force_grouping and grouping:
        groups = []
        while len(whole) > grouping:
            groups.insert(0, whole[-grouping:])
            whole = whole[:-grouping]
        whole = thousand_sep.join([whole, *groups])
    return sign + whole + (decimal_sep + rest if rest else "")
