import type { Locator, Page } from 'playwright-core';

/** What a user does in n8n's editor. All of it waits for what it needs. */

export const byTestId = (page: Page | Locator, id: string) =>
	page.locator(`[data-test-id="${id}"]`);

/** Opens the form of a new credential of a type, by its name in the list. */
export async function openNewCredential(page: Page, url: string, type: string): Promise<void> {
	await page.goto(`${url}/home/credentials/create`);
	await byTestId(page, 'new-credential-type-select').locator('input').fill(type);
	await byTestId(page, 'new-credential-type-select-option')
		.filter({ hasText: type })
		.first()
		.click();
	await byTestId(page, 'new-credential-type-button').click();
	await byTestId(page, 'credential-edit-dialog').waitFor();
}

/** Types into a parameter of the panel or form that is open. */
export async function fillParameter(page: Page, name: string, value: string): Promise<void> {
	const input = byTestId(page, `parameter-input-${name}`).locator('input, textarea').first();
	await input.fill(value);
}

/** Saves the credential that is open, and returns what n8n says of it, with the details of a failure. */
export async function saveCredential(page: Page): Promise<string> {
	await byTestId(page, 'credential-save-button').click();
	const form = byTestId(page, 'node-credentials-config-container');
	await form
		.getByText(/Connection tested successfully|Couldn.t connect/)
		.first()
		.waitFor({ timeout: 60_000 });
	const details = form.getByText('More details').first();
	if (await details.isVisible()) await details.click();
	return (await form.innerText()).split('The key is at Pocketsflow')[0];
}

/** The names of the nodes that the panel of nodes finds for a text, best first. */
export async function searchNodes(page: Page, text: string): Promise<string[]> {
	const search = byTestId(page, 'node-creator-search-bar');
	if (!(await search.isVisible())) await page.keyboard.press('n');
	await search.fill(text);
	const names = byTestId(page, 'node-creator-item-name');
	let before = '';
	// The list follows the text a moment later.
	for (let tries = 0; tries < 20; tries++) {
		const now = (await names.allInnerTexts()).join('\n');
		if (now === before && now.includes('Pocketsflow')) break;
		before = now;
		await page.waitForTimeout(200);
	}
	return await names.allInnerTexts();
}

/** Runs the node whose panel is open, waits until its output or error shows a text, and returns all of it. */
export async function executeNode(page: Page, shown: RegExp): Promise<string> {
	await byTestId(page, 'node-execute-button').first().click();
	const output = byTestId(page, 'output-panel');
	await output.getByText(shown).first().waitFor({ timeout: 30_000 });
	return await output.innerText();
}

/** Opens the panel of a node of the workflow that is open. */
export async function openNode(page: Page, name: string): Promise<void> {
	await page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`).dblclick();
	await byTestId(page, 'node-parameters').first().waitFor();
}

/** Closes it. */
export async function closeNode(page: Page): Promise<void> {
	await page.keyboard.press('Escape');
	await byTestId(page, 'node-parameters').first().waitFor({ state: 'hidden' });
}

/** Opens a workflow and waits until its canvas is there. */
export async function openWorkflow(page: Page, url: string, id: string): Promise<void> {
	await page.goto(`${url}/workflow/${id}`);
	await byTestId(page, 'canvas-node').first().waitFor({ timeout: 60_000 });
	const hints = byTestId(page, 'suggested-actions-close').first();
	if (await hints.isVisible()) await hints.click();
	await byTestId(page, 'zoom-to-fit').click();
}
