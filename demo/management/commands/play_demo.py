"""Plays the whole main job against the running system."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo.browser import StoryBroken
from demo.setup import refuse_in_production
from demo.story import Story, environment, play


class Command(BaseCommand):
    """Exit status 0 only if every step really happened."""

    help = "Play the main job over HTTP, as the four kinds of people, and print the timeline."

    def handle(self, *args: Any, **options: Any) -> None:
        """Play it; the first missing step ends it with status 1."""
        refuse_in_production()
        base, mailbox, kept = environment()
        story = Story(base, mailbox, kept, say=self.stdout.write)
        try:
            play(story)
        except StoryBroken as broken:
            raise CommandError(f"The story broke off: {broken}") from broken
        self.stdout.write(f"\nTracking page: {story.facts['tracking']}\nInvoice:       {story.facts['invoice']}")
