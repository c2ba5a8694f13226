"""The table of the configuration loop: complete, and nothing in it rests on what is not saved."""

import pytest

from otx.opamp.config_table import TABLE, Act, Event, Note, Phase, Process, Row, back

ROWS = [(phase, event, row) for (phase, event), row in TABLE.items()]
each_row = pytest.mark.parametrize(
    ("phase", "event", "row"), ROWS, ids=[f"{phase.name}-{event.name}" for phase, event, _ in ROWS]
)
DONE_TO_THE_PROCESS = {Act.RUN_CANDIDATE, Act.RUN_GOOD, Act.RETRY_GOOD}


@each_row
def test_a_change_is_saved_before_anything_is_done(phase: Phase, event: Event, row: Row) -> None:
    if row.notes:
        assert row.acts[0] is Act.SAVE


@each_row
def test_a_change_of_the_status_is_reported(phase: Phase, event: Event, row: Row) -> None:
    if {Note.TAKE, Note.ADOPT, Note.TRY, Note.RETRY, Note.FAIL} & set(row.notes):
        assert Act.REPORT in row.acts


@each_row
def test_the_process_is_changed_at_most_once(phase: Phase, event: Event, row: Row) -> None:
    assert sum(act in DONE_TO_THE_PROCESS for act in row.acts) <= 1


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("event", [Event.NEW_OFFER, Event.FAILED_OFFER, Event.RUNNING_OFFER])
def test_the_newest_offer_wins_in_every_phase(phase: Phase, event: Event) -> None:
    assert TABLE[phase, event] == TABLE[Phase.IDLE, event]


@pytest.mark.parametrize("phase", Phase)
def test_the_same_hash_again_changes_nothing(phase: Phase) -> None:
    assert TABLE[phase, Event.SAME_OFFER] == Row(phase)


@pytest.mark.parametrize("phase", Phase)
def test_a_start_of_the_agent_has_an_answer_in_every_phase(phase: Phase) -> None:
    starts = {Event.STARTED, Event.RESUMED, Event.INTERRUPTED}
    assert any((phase, event) in TABLE for event in starts)


def test_only_a_trial_that_survived_or_runs_becomes_last_good() -> None:
    promoting = {event for (_, event), row in TABLE.items() if Note.PROMOTE in row.notes}
    assert promoting == {Event.SURVIVED}


def test_applied_is_said_only_of_what_is_healthy_or_runs() -> None:
    applying = {event for (_, event), row in TABLE.items() if {Note.TRY, Note.ADOPT} & {*row.notes}}
    assert applying == {Event.HEALTHY, Event.RUNNING_OFFER, Event.RUNNING_VALIDATED}


def test_every_phase_event_note_and_act_is_used() -> None:
    assert {event for _, event in TABLE} == set(Event)
    assert {note for row in TABLE.values() for note in row.notes} == set(Note)
    assert {act for row in TABLE.values() for act in row.acts} == set(Act)
    assert {row.to for row in TABLE.values()} == {*Phase, None}


def test_back_leads_to_what_runs() -> None:
    assert {process: back(process) for process in Process} == {
        Process.GOOD: Phase.IDLE,
        Process.TRIAL: Phase.PROBATION,
        Process.CANDIDATE: Phase.REVERTING,
        Process.ABANDONED: Phase.REVERTING,
    }
