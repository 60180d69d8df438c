"""IPv6 addresses."""


def is_valid_ipv6_address(ip_str):
    import ipaddress

    try:
        ipaddress.IPv6Address(ip_str)
    except ValueError:
        return False
    return True


def clean_ipv6_address(ip_str, unpack_ipv4=False, error_message="This is not a valid IPv6 address.", max_length=39):
    import ipaddress

    from django.core.exceptions import ValidationError

    try:
        address = ipaddress.IPv6Address(ip_str)
    except ValueError:
        raise ValidationError(error_message, code="invalid", params={"protocol": "IPv6"})
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped) if unpack_ipv4 else "::ffff:%s" % address.ipv4_mapped
    return str(address)
