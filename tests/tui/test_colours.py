"""Colours stay put, can be told apart, and never borrow the errors' red."""

from otx.model.stack import Frame
from otx.tui.colours import frame_colour, service_colour, text_on


def test_a_service_has_the_same_colour_in_every_process() -> None:
    assert service_colour("checkout").hex == service_colour("checkout").hex == "#F5CD84"


def test_no_service_and_no_frame_is_red() -> None:
    colours = [service_colour(f"service-{i}") for i in range(200)]
    colours += [frame_colour(Frame(f"f{i}", "native")) for i in range(200)]
    for colour in colours:
        assert not (colour.r > 200 and colour.g < 120 and colour.b < 120)


def test_text_can_be_read_on_every_colour() -> None:
    for i in range(200):
        for colour in (service_colour(f"service-{i}"), frame_colour(Frame(f"f{i}", "python"))):
            assert abs(text_on(colour).brightness - colour.brightness) > 0.3
