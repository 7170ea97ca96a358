"""How far a detection may be from a vessel, and still be that vessel."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gates:
    """How far a detection may be from a vessel's place, and still be that vessel.

    The place at a detection's time is interpolated between two positions at most
    ``interpolate_s`` apart, or else reckoned on from the nearer one at its speed and course for
    at most ``reckon_s``. How far off that may be (one standard deviation) is made up of
    ``position_m``; the sensor's error (``sensor_error_m`` where a detection tells none);
    ``antenna_share`` of the vessel's length, since a sensor sees its middle; its speed times
    ``clock_s``, by which clocks differ; and what it may have changed its way by: the greatest of
    ``unsteady_mps``, ``unsteady_share`` of its speed and, between two positions, half of the
    change of the velocities told there (``unknown_mps`` where it tells none) for each second away
    from a position (between two positions a and b seconds off: ab / (a + b)).

    The cost of a pair is (distance / deviation)² + 4 ln (deviation / least deviation), and what
    speaks against it: lengths that differ by ``length_ratio`` cost 1, more with the square of the
    log, at most ``length_cost``; a kind of ship that does not go with the class ``class_cost``.
    It is within the gates if the cost is at most ``sigmas`` squared.

    Detections of a sensor within ``frame_s`` of the first are one frame, in which a vessel is
    seen once. A sensor track ends at a silence over ``track_gap_s``. It is a vessel's if within
    the gates for at least ``least_share`` of the detections at whose time its place was known (so
    well that it would be within the gates nine times in ten), and these are at least
    ``least_heard`` of the track's. Two tracks of one sensor that overlap by more than
    ``handover_s`` or half of the shorter are not one vessel's. Of a track that is nobody's as a
    whole, the beginning or the end may be a vessel's, where it counts for ``least_part``
    detections: sensors swap tracks that meet. ``near_m`` is how far the nearest vessel is looked
    for.
    """

    sigmas: float = 4.5
    position_m: float = 15.0
    sensor_error_m: float = 50.0
    antenna_share: float = 0.3
    interpolate_s: float = 600.0
    reckon_s: float = 300.0
    unsteady_mps: float = 0.5
    unsteady_share: float = 0.25
    unknown_mps: float = 5.0
    clock_s: float = 3.0
    length_ratio: float = 1.6
    length_cost: float = 4.0
    class_cost: float = 2.0
    frame_s: float = 1.0
    track_gap_s: float = 1800.0
    least_share: float = 0.6
    least_heard: float = 0.2
    handover_s: float = 60.0
    least_part: int = 6
    near_m: float = 5000.0
