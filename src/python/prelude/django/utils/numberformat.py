"""Numbers with separators."""


def format(number, decimal_sep, decimal_pos=None, grouping=0, thousand_sep="", force_grouping=False, use_l10n=None):
    text = str(number) if decimal_pos is None else "%.*f" % (decimal_pos, number)
    sign = "-" if text.startswith("-") else ""
    whole, _, rest = text.removeprefix("-").partition(".")
    if force_grouping and grouping:
        groups = []
        while len(whole) > grouping:
            groups.insert(0, whole[-grouping:])
            whole = whole[:-grouping]
        whole = thousand_sep.join([whole, *groups])
    return sign + whole + (decimal_sep + rest if rest else "")
