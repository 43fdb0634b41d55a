/** Copies keys, and reads the page again every two seconds. A section in use stays as it is. */
export const script = `
document.addEventListener('click', async (event) => {
	const button = event.target.closest('[data-copy]');
	if (!button) return;
	const { textContent } = document.getElementById(button.dataset.copy);
	await navigator.clipboard.writeText(textContent.trim());
	button.textContent = 'Copied';
	document.getElementById('status').textContent = 'Copied to the clipboard';
	setTimeout(() => { button.textContent = 'Copy'; }, 2000);
});
const isBusy = (section) =>
	section.contains(document.activeElement) || section.querySelector('details[open]');
setInterval(async () => {
	if (document.hidden) return;
	const request = fetch(location.href, { headers: { accept: 'text/html' } });
	const response = await request.catch(() => undefined);
	if (!response || !response.ok) return;
	const page = new DOMParser().parseFromString(await response.text(), 'text/html');
	for (const section of document.querySelectorAll('[data-live]')) {
		const next = page.getElementById(section.id);
		if (!next || isBusy(section) || next.innerHTML === section.innerHTML) continue;
		section.innerHTML = next.innerHTML;
	}
}, 2000);
`;
