import { RefusalLog } from '../../../nodes/Pocketsflow/webhook/memory';

describe('RefusalLog', () => {
	it('gives one line a minute, with the number and the reasons', () => {
		const log = new RefusalLog();
		expect(log.record('wrong signature', 0)).toBe('refused 1 delivery: wrong signature (1)');
		for (let n = 0; n < 98; n++) expect(log.record('wrong signature', 1000 + n)).toBeUndefined();
		expect(log.record('no body', 60_000)).toBe(
			'refused 99 deliveries: wrong signature (98), no body (1)',
		);
		expect(log.record('no body', 60_001)).toBeUndefined();
	});
});
