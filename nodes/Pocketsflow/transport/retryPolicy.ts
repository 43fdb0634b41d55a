import type { Answer, Trouble, TroubleKind } from './attempt';
import type { Effect, PocketsflowRequest } from '../api/request';

/**
 * What a failed try says about the request: whether Pocketsflow may have carried it out, and whether the
 * same request may fare better later.
 */
export interface Consequence {
	mayBeDone: boolean;
	worthRepeating: boolean;
}

const notSent: Consequence = { mayBeDone: false, worthRepeating: false };
const lost: Consequence = { mayBeDone: true, worthRepeating: true };

const troubles: Record<TroubleKind, Consequence> = {
	unreachable: { mayBeDone: false, worthRepeating: true },
	insecure: notSent,
	refusedByN8n: notSent,
	timeout: lost,
	broken: lost,
	tooLarge: { mayBeDone: true, worthRepeating: false },
	cancelled: { mayBeDone: true, worthRepeating: false },
};

/** What follows from a try that failed. A 408 is a time-out that the server noticed first. */
export function consequenceOf(outcome: Answer | Trouble): Consequence {
	if ('trouble' in outcome) return troubles[outcome.trouble];
	const { status } = outcome;
	if (status >= 500 || status === 408) return lost;
	// An answer of success that cannot be read, or a redirect after the work, which is the habit of forms.
	const mayBeDone = status < 300 || status === 302 || status === 303;
	return { mayBeDone, worthRepeating: false };
}

/** Whether a request may be sent again: always if it was not carried out, else only if that does no harm. */
export function mayRepeat(effect: Effect, { mayBeDone, worthRepeating }: Consequence): boolean {
	return worthRepeating && (!mayBeDone || effect !== 'create');
}

const redirects = [301, 302, 303, 307, 308];
/** With these the server says that it has done nothing and wants the same request elsewhere. */
const repeatingRedirects = [307, 308];

/** Where a redirect leads: a full address. Undefined for other answers. */
export function redirectOf({ status, location }: Answer, url: string): URL | undefined {
	if (!redirects.includes(status) || location === undefined) return undefined;
	return URL.canParse(location, url) ? new URL(location, url) : undefined;
}

/** A redirect is followed to the same scheme, host and port only: the key goes with the request. */
export function mayFollow(
	{ method }: PocketsflowRequest,
	{ status }: Answer,
	from: string,
	to: URL,
): boolean {
	return (
		to.origin === new URL(from).origin && (method === 'GET' || repeatingRedirects.includes(status))
	);
}
