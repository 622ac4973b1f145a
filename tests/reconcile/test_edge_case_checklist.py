"""The specification's list of edge cases: which test holds each that reconciling decides."""

from __future__ import annotations

from pathlib import Path

import pytest

CHECKLIST = {
    "1 ticket id alone as key": "test_another_agent_of_a_transferred_ticket_is_not_confused",
    "2 inner join drops unmatched rows": "test_what_is_not_in_force_is_counted_and_named",
    "3 auditee revision after the audit": "test_an_export_that_tells_late_gives_the_first_own_revision",
    "4 dispute makes the auditee look right": "test_what_follows_an_adjudication_without_a_cause_holds_its_answers",
    "5 calibration leaks": "test_a_session_without_a_kind_is_a_calibration",
    "6 auditors averaged": "test_several_auditors_are_compared_with_each_other",
    "8 NA as 0 or 100": "test_one_side_all_na_is_an_unscored_difference",
    "9 one-sided NA ignored": "test_not_asked_against_a_value_is_an_applicability_disagreement",
    "10 NOT_ASKED as NA disagreement": "test_worked_fixture_holds",
    "11 auto-fail poisons": "test_a_critical_failure_caps_the_score_where_the_form_says_cap",
    "12 different reasons as agreement": "test_both_failing_on_the_same_criterion_is_agreement",
    "13 weights of the wrong version": "test_versions_are_bridged_over_common_criteria",
    "14 scale from observed levels": "test_options_give_points_levels_and_failures",
    "16 percent and points": "test_tolerance_is_inclusive_and_in_points",
    "17 sign flipped": "test_swapping_sides_flips_signs",
    "18 week edges and daylight saving": "test_the_frame_of_unaudited_work_has_its_week_and_site",
    "19 today's roster": "test_site_and_team_are_those_of_that_day_and_late_audits_are_told",
    "20 rounding first": "test_binary_fractions_do_not_break_the_tolerance",
    "21 duplicate deliveries": "test_redelivered_rows_change_nothing",
    "22 source deletions": "test_a_deleted_record_that_comes_back_is_live_again",
    "24 N counted after filtering": "test_the_frame_of_unaudited_work_has_its_week_and_site",
    "26 ties broken by row order": "test_arrival_order_and_redelivery_never_matter",
    "29 two accounts": "test_two_accounts_of_one_person_are_one_evaluator",
}


@pytest.mark.parametrize(("case", "test"), CHECKLIST.items(), ids=CHECKLIST.keys())
def test_edge_case_has_its_test(case: str, test: str) -> None:
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    assert any(f"def {test}(" in text for text in texts), case
