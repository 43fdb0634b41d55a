import type { SandboxContext } from '../context';
import type { Database } from '../database/database';
import type { Review } from '../database/entities';
import { createRow } from '../database/table';
import { buildReviewPayload } from '../webhooks/payloads';

/** Now, unless a time (ms since 1970) is given. */
export function addReview(
	{ deliveries, switches }: SandboxContext,
	db: Database,
	fields: { productId: string; buyerEmail: string; rating: number; review?: string },
	{ createdAtMs, deliver = true }: { createdAtMs?: number; deliver?: boolean } = {},
): Review {
	const review = db.reviews.add({ ...createRow(createdAtMs), ...fields });
	if (deliver) {
		deliveries.emit(db.mode, 'review.created', buildReviewPayload(switches, db, review));
	}
	return review;
}
