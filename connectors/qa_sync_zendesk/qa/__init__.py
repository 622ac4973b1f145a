"""Zendesk QA: reviews, disputes, calibration sessions and AutoQA results, from its official export interface."""
