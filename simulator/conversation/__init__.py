"""A turn: appraise → feel → decide → speak → guard.

The customer's feelings and moves come from the persona's own rules, whoever finds the words. :mod:`.session` runs it,
:mod:`.inner_state` holds what the customer feels and remembers (a fold over the transcript), :mod:`.director` decides,
:mod:`.voices` speak and :mod:`.guard` listens to them first.
"""
