"""A form with a field of every kind, filled, and what is known of who asks."""

from datetime import date
from decimal import Decimal

from domain.definition.content import Field, FieldKind, LineField
from domain.values import Line, Money

FIELDS = (
    Field("title", FieldKind.TEXT),
    Field("kind", FieldKind.CHOICE, choices=("goods", "travel")),
    Field("buyer", FieldKind.PERSON),
    Field("desk", FieldKind.ROLE),
    Field("days", FieldKind.INTEGER),
    Field("share", FieldKind.DECIMAL, decimals=6),
    Field("cost", FieldKind.MONEY),
    Field("budget", FieldKind.MONEY),
    Field("quota", FieldKind.DECIMAL, decimals=1),
    Field("due", FieldKind.DATE),
    Field("urgent", FieldKind.TRUTH),
    Field(
        "items",
        FieldKind.LINES,
        fields=(
            LineField("pieces", FieldKind.INTEGER),
            LineField("price", FieldKind.MONEY),
            LineField("weight", FieldKind.DECIMAL),
            LineField("title", FieldKind.TEXT),
            LineField("on", FieldKind.DATE),
            LineField("checked", FieldKind.TRUTH),
        ),
    ),
)
VALUES = {
    "title": 'Ä "good" \\d\n😀',
    "kind": "travel",
    "buyer": "ann",
    "desk": "buying",
    "days": 7,
    "share": "0.300000",
    "cost": Money(Decimal("5000.00"), "EUR"),
    "budget": Money(Decimal("-4999.99"), "USD"),
    "quota": "2.5",
    "due": "2024-02-29",
    "urgent": True,
    "items": (
        Line(1, {"pieces": 3, "price": Money(Decimal("0.10"), "EUR"), "title": "nail"}),
        Line(4, {"pieces": -2, "weight": "1.50", "on": "2024-02-29", "checked": False}),
        Line(2, {"pieces": 7, "price": Money(Decimal("12.50"), "USD"), "checked": True}),
    ),
}
FACTS = {
    "today": date(2024, 3, 1),
    "requester": "ann",
    "requester_level": 3,
    "requester_department": "",
}
