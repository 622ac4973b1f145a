"""The words of reconciling: outcome classes, reasons, flags and buckets, each with the sentence that explains it."""

from __future__ import annotations

#: Outcome classes of a pair, in the order in which the first match wins.
OUTCOMES: dict[str, str] = {
    "EXCLUDED": "Not an audit: its kind, or the same person on both sides, keeps it out of every number.",
    "VOIDED": "One side was deleted or retracted at its source.",
    "AMBIGUOUS": "Several people's evaluations fit the audit and nothing says which is meant; it is never guessed.",
    "NOT_COMPARABLE": "The two were paired but cannot be compared; the reason says why.",
    "CRITICAL_MISS": "The auditor found a critical failure, the auditee found none.",
    "CRITICAL_FALSE": "The auditee found a critical failure, the auditor found none.",
    "CRITICAL_WRONG_REASON": "Both found critical failures, on different criteria.",
    "EXACT": "Every item has the same answer on both sides, items that do not apply included.",
    "SAME_SCORE_DIFFERENT_ITEMS": "The scores are equal, some answers are not.",
    "UNSCORED_DIFFERENCE": "Answers differ and at least one side has no score to compare.",
    "WITHIN_TOLERANCE": "The scores differ by no more than the tolerance.",
    "LENIENT": "The auditee judged more leniently than the auditor by more than the tolerance.",
    "STRICT": "The auditee judged more strictly than the auditor by more than the tolerance.",
    "DIFFERENT": "The scores differ by more than the tolerance on a form without a better or worse end.",
}

#: Classes that only a bucket can have: such audits make no pair.
WITHOUT_PAIR: tuple[str, ...] = ("EXCLUDED", "VOIDED", "AMBIGUOUS")

#: Where every evaluation ends, exactly one each.
BUCKETS: dict[str, str] = {
    "PAIRED_AUDITEE": "Audited or compared with a reference.",
    "PAIRED_AUDITOR": "Audits, or is the reference of, at least one evaluation.",
    "AUDITEE_ONLY": "Not audited; part of the population that audits are drawn from.",
    "UNMATCHED_AUDITOR": "An audit without an evaluation to compare it with; the reason says why.",
    "REFERENCE_UNUSED": "A reference answer to which there is no evaluation.",
    "AMBIGUOUS": "An audit that fits evaluations of several people.",
    "EVALUATOR_WORK": "Judges an evaluator's work on a form of its own; reported beside the pairs.",
    "EXCLUDED": "Kept out of every number because of its kind, or because auditor and auditee are one person.",
    "VOIDED": "Deleted or retracted at its source; kept in the counts.",
    "DRAFT": "Not submitted yet.",
}

#: Why an evaluation or a pair ended where it did.
REASONS: dict[str, str] = {
    "NO_AUDITEE_EVAL": "No evaluation of that interaction was found.",
    "FORM_MISMATCH": "The evaluation found is on another form.",
    "AGENT_MISMATCH": "The evaluation found judges another agent on the same interaction.",
    "OUT_OF_WINDOW": "The evaluation found lies outside the audit window.",
    "VOIDED": "The evaluation found was deleted or retracted.",
    "DRAFT": "The evaluation found is not submitted.",
    "AUDITEE_EXCLUDED": "The evaluation that the audit names is itself kept out of the numbers.",
    "SELF_AUDIT": "Auditor and auditee are the same person.",
    "REPEAT": "Not the first time this person scored this item; kept for intra-rater work.",
    "CALIBRATION": "Made in a calibration session.",
    "CONSENSUS": "A consensus that nothing declares to be a reference.",
    "GOLD": "A gold answer where the programme declares no references.",
    "SELF": "Self-evaluation.",
    "PEER": "Peer evaluation.",
    "TRAINING": "Made for training.",
    "AUTO": "Made by a machine.",
    "DELETED": "Deleted at its source.",
    "REMOVED": "No longer part of the record it came in.",
    "RETRACTED": "Retracted by its source.",
    "SEVERAL_EVALUATORS": "Evaluations of several people fit.",
    "NO_ORIGINAL_REVISION": "Only a disputed, adjudicated revision of the auditee's evaluation is known.",
    "FORM_UNKNOWN": "The form, or that version of it, is not in the catalogue.",
    "COMMON_WEIGHT_BELOW_MIN": "The two form versions have too little weight in common.",
    "AUDITEE_INCOMPLETE": "The auditee's evaluation lacks an answer that should be there.",
    "AUDITOR_INCOMPLETE": "The auditor's evaluation lacks an answer that should be there.",
    "OFF_SCALE": "An answer is not among the options of its criterion.",
}

#: What else is true of a pair; any number at once.
FLAGS: dict[str, str] = {
    "AUDITEE_EDITED_AFTER_AUDIT": "The auditee changed answers after the audit; the headline keeps the earlier ones.",
    "BLIND": "The source proves that the auditor could not see the auditee's answers.",
    "BLIND_UNKNOWN": "Nothing proves whether the audit was blind.",
    "BRIDGED": "Two versions of the form, or forms that count as one, were compared over what they have in common.",
    "DISPUTED": "One of the two evaluations was disputed, and the dispute was not withdrawn.",
    "LATE": "The audit was submitted in a later week than the one it counts in, so a past week changed.",
    "NOT_BLIND": "The source says that the auditor could see the auditee's answers.",
    "PASS_FAIL_FLIP": "One side passes the form's pass mark, the other does not.",
    "SCORE_MISMATCH": "A recomputed score differs from the one its source reported.",
    "UNASKED_ANSWER": "A value was left aside where the form's conditions say that the criterion was not asked.",
    "UNKNOWN_CRITERION": "An answer to a criterion that the form version does not have was left aside.",
}

#: Why a reported and a recomputed score differ, most telling first; told beside each finding.
SCORE_REASONS: dict[str, str] = {
    "ANSWERS_MISSING": "Answers that should be there are not: the recomputed score stands on fewer.",
    "ANSWERS_OFF_SCALE": "An answer is not among the options of its criterion: the catalogue is of another version.",
    "ANSWERS_UNKNOWN": "There are answers to criteria that the catalogue's form version does not have.",
    "ANSWERS_UNASKED": "There are values where the form's conditions rule an answer out: the source counts them, or "
    "has other conditions.",
    "UNDEFINED": "The source reports a score where the catalogue's rule gives none: nothing that counts applies.",
    "ROUNDED": "The source rounded it.",
    "AUTO_FAIL_NOT_APPLIED": "A critical criterion failed, but the source reports the score before auto-fail.",
    "AUTO_FAIL_NOT_FOUND": "The source reports 0, and no critical criterion of the catalogue failed.",
    "WEIGHTS_NOT_APPLIED": "The source's score is the plain share of points: the catalogue's weights are not its own.",
    "NOT_APPLICABLE_COUNTED": "It fits when answers that do not apply count with all or none of their points.",
    "RULE_DIFFERS": "Nothing simpler explains it: the source has a rule that the catalogue does not.",
}

#: How the answers of the two sides to one criterion were treated.
TREATMENTS: dict[str, str] = {
    "value": "Both gave a value.",
    "applicability_agreement": "Both found that it does not apply or was not asked.",
    "applicability_disagreement": "One gave a value, the other found that it does not apply or was not asked.",
    "missing": "At least one side has no answer that should be there.",
}

#: How an audit was found to belong to an evaluation, strongest first.
LINKS: dict[str, str] = {
    "explicit": "The audit names the evaluation.",
    "blind_task": "Both were made for the same blind task.",
    "key": "Same interaction, part, agent and form, inside the window.",
    "session": "Made in one calibration session; compared with what the session agreed.",
    "reference": "A reference answer, compared with every evaluation of that item and form.",
}


def explain(word: str) -> str:
    """Return the sentence that explains an outcome, bucket, reason, flag, score finding, treatment or link.

    Raises:
        KeyError: nobody uses the word.
    """
    for vocabulary in (OUTCOMES, BUCKETS, REASONS, FLAGS, SCORE_REASONS, TREATMENTS, LINKS):
        if word in vocabulary:
            return vocabulary[word]
    raise KeyError(word)
