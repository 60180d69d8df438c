"""The names of days and months."""

WEEKDAYS = dict(enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")))
WEEKDAYS_ABBR = {number: name[:3] for number, name in WEEKDAYS.items()}
MONTHS = dict(
    enumerate(
        ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
         "November", "December"),
        1,
    )
)
MONTHS_3 = {number: name[:3].lower() for number, name in MONTHS.items()}
MONTHS_AP = dict(
    enumerate(
        ("Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec."), 1
    )
)
MONTHS_ALT = MONTHS
