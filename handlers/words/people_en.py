"""What is said about who is who, and about what a group is for, in English."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.words.people_zh import ROLES, Zh


class En(Zh):
    """English."""

    _at = 1

    def roles(self, roles: Sequence[str]) -> str:
        return ", ".join(self.role(role) for role in roles) or "no role yet"

    def scope(self, shops: Sequence[str], warehouses: Sequence[str]) -> str:
        parts = [f"shops {', '.join(shops)}"] if shops else []
        parts += [f"warehouses {', '.join(warehouses)}"] if warehouses else []
        return "; ".join(parts)

    def invited(self, name: str, roles: str, code: str, minutes: int) -> str:
        return (
            f"The code for {name} ({roles}): {code}, good for {minutes} minutes, once. Have them send me 'bind {code}' one "
            "to one, not in a group. I tell you when it is done."
        )

    def own_code(self, code: str, minutes: int) -> str:
        return (
            f"Your code: {code}, good for {minutes} minutes, once. From your other account send me 'bind {code}' one to one."
        )

    def alone_please(self) -> str:
        return "Ask me that one to one, not in a group."

    def code_in_group(self) -> str:
        return "A code is sent to me alone, never in a group. That one is useless now; ask for a new one."

    def wrong_code(self, left: int) -> str:
        more = f"{left} more tries" if left > 0 else "Too many tries; again in an hour"
        return f"That code is wrong, expired or used. {more}, or ask the manager for a new one."

    def locked(self) -> str:
        return "Too many wrong codes; again in an hour, or ask the manager to invite you anew."

    def all_burnt(self) -> str:
        return "Many wrong codes within ten minutes: somebody seems to be guessing. All codes that were out are useless now."

    def bound(self, name: str, roles: str) -> str:
        return f"Done, {name} ({roles}). Send 'help' for what I can do."

    def bound_already(self, name: str) -> str:
        return f"This account is yours already, {name}."

    def somebody_elses(self) -> str:
        return (
            "This account belongs to another colleague; nothing was changed, the code is useless now, administrators know."
        )

    def left_already(self) -> str:
        return "The directory says that this account is disabled, so it cannot be bound. Have it restored there first."

    def tell_bound(self, name: str, roles: str, platform: str) -> str:
        return f"{name} ({roles}) has just bound an account on {platform}. Not them? Send 'disable {name}'."

    def tell_own(self, platform: str) -> str:
        return f"An account on {platform} was just bound to you. Not you? Tell the manager at once."

    def tell_misused(self, name: str, other: str) -> str:
        return f"The code for {name} was used from {other}'s account; nothing was bound. Check, then invite again."

    def too_many_codes(self) -> str:
        return "Too many codes asked for; again in an hour."

    def invite_needs_role(self, name: str) -> str:
        roles = ", ".join(english for _, english in ROLES.values())
        return f"As what? For example 'invite {name} as service'; there are {roles}."

    def known_otherwise(self, name: str, roles: str) -> str:
        return f"There is a {name} ({roles}). Another account of theirs: leave the role out. A namesake: take another name."

    def several(self, name: str, count: int) -> str:
        return f"There are {count} people called {name}. Use the number on the command line: xiaodan people list."

    def unknown_place(self, kind: str, word: str, known: Sequence[str]) -> str:
        return f"No {kind.removesuffix('s')} is called '{word}'; there are: {', '.join(known) or 'none yet'}."

    def nobody_called(self, name: str) -> str:
        return f"Nobody is called {name}."

    def not_yourself(self) -> str:
        return "You cannot disable yourself."

    def last_admin(self) -> str:
        return "That is the last one who may manage people; make somebody else manager first."

    def revoked(self, name: str) -> str:
        return f"{name} has no access from now on. To let them in again: 'invite {name}'."

    def not_yours(self) -> str:
        return "People and groups are managed by the manager or an administrator."

    def who(self, name: str, roles: str, scope: str, accounts: Sequence[tuple[str, str]], groups: Sequence[str]) -> str:
        lines = [f"{name}, {roles}" + (f"; sees only {scope}" if scope else "")]
        if accounts:
            lines.append("Accounts: " + ", ".join(f"{platform} {user}" for platform, user in accounts))
        if groups:
            lines.append("Bound groups: " + ", ".join(groups))
        return "\n".join(lines)

    def left(self, name: str, platform: str, why: str) -> str:
        return f"{name} has no access any more ({why}{', ' + platform if platform else ''})."

    def nobody_left(self, number: str, step: str) -> str:
        return f"{number} waits for {step}, and nobody who could decide it is left. Invite somebody, or use the back office."

    def sync_refused(self, platform: str, gone: int, known: int) -> str:
        return (
            f"{platform}'s directory misses {gone} of {known} people; I do not believe it and locked nobody out. Check the "
            "app's visible range; if they really left: xiaodan people sync --accept."
        )

    def sync_stuck(self, platform: str, why: str) -> str:
        return f"{platform}'s directory cannot be read: {why} Until then, disable leavers by hand."

    def sync_denied(self) -> str:
        return "the app has no permission for the directory, or it was withdrawn."

    def in_a_group_please(self) -> str:
        return "Say that in the group, mentioning me."

    def how_to_bind(self) -> str:
        return "Like this: 'bind this group shop NAME', '… warehouse NAME', '… topic stock,refunds'; they can be combined."

    def unknown_topics(self, words: Sequence[str], known: Sequence[str]) -> str:
        return f"No topic is called {', '.join(words)}; there are {', '.join(known)}."

    def proposal(self) -> str:
        return "Bind this group"

    def unbinding(self) -> str:
        return "Unbind this group"

    def topics(self, topics: Sequence[str]) -> str:
        return f"topics: {', '.join(topics)}"

    def shops(self, shops: Sequence[str]) -> str:
        return f"shops: {', '.join(shops) or 'all'}"

    def warehouses(self, places: Sequence[str]) -> str:
        return f"warehouses: {', '.join(places) or 'all'}"

    def was(self, before: str) -> str:
        return f"before: {before}"

    def confirm(self) -> str:
        return "Confirm bind"

    def confirm_unbind(self) -> str:
        return "Confirm unbind"

    def cancel(self) -> str:
        return "Leave it"

    def binding_waits(self, minutes: int) -> str:
        return f"counts only once confirmed, within {minutes} minutes"

    def group_bound(self, lines: Sequence[str]) -> str:
        return "This group is bound. " + "; ".join(lines)

    def group_unbound(self) -> str:
        return "This group is unbound; I keep quiet about orders here."

    def dropped(self) -> str:
        return "All right, nothing was changed."

    def proposal_over(self) -> str:
        return "That was confirmed or has expired; say it again."

    def group_is(self, title: str, lines: Sequence[str]) -> str:
        return f"{title or 'This group'} · " + "; ".join(lines)

    def group_is_nothing(self) -> str:
        return "This group is not bound, so I keep quiet about orders here. " + self.how_to_bind()

    def group_in_settings(self) -> str:
        return "This group is written in xiaodan.toml; change it there and restart, or the next start would undo this."

    def foreign_group_admin(self) -> str:
        return (
            "This group is not bound, so I keep quiet about orders here. Bind it: 'bind this group shop NAME' or 'topic …'."
        )

    def in_directory_without_role(self, name: str) -> str:
        return f"I see you in the directory, {name}, but your department has no role here. Ask the manager to invite you."

    def perhaps_known(self, name: str) -> str:
        return (
            f"You seem to be {name}, but this account is not bound. Ask me for 'my code' from your other account, one to "
            "one, then send 'bind 123456' here, one to one; or have the manager invite you."
        )
