/**
 * A menu in the spreadsheet that asks qa-sync for fresh data. It ticks the box in the control tab and writes who asked,
 * and nothing else: it holds no secret, calls no address, and reads no other spreadsheet (see appsscript.json).
 * 'qa-sync watch' finds the tick, refreshes, and answers in the row "Last request".
 */
var CONTROL = '_qa_sync';

function onOpen() {
  SpreadsheetApp.getUi()
    .createMenu('Quality')
    .addItem('Ask for fresh data', 'askForRefresh')
    .addItem('What became of it?', 'tellLastRequest')
    .addToUi();
}

function askForRefresh() {
  var rows = controlRows_();
  if (!rows) {
    return;
  }
  if (rows.refresh.getValue() === true) {
    toast_('Fresh data has been asked for already: ' + (rows.request.getDisplayValue() || 'waiting'));
    return;
  }
  rows.asked_by.setValue(Session.getActiveUser().getEmail());
  // Last, so that whoever sees the tick sees the name too.
  rows.refresh.setValue(true);
  toast_('Asked. The answer will stand in the tab ' + CONTROL + '.');
}

function tellLastRequest() {
  var rows = controlRows_();
  if (rows) {
    toast_(rows.request.getDisplayValue() || 'Nothing has been asked for yet.');
  }
}

/** The cells that are filled in or read, by item, wherever people have sorted or moved them; null where one is missing. */
function controlRows_() {
  var sheet = SpreadsheetApp.getActiveSpreadsheet().getSheetByName(CONTROL);
  var cells = sheet ? sheet.getDataRange().getValues() : [[]];
  var item = -1;
  var value = -1;
  var head = 0;
  for (var at = 0; at < cells.length && item < 0; at++) {
    item = cells[at].indexOf('Item');
    value = cells[at].indexOf('Value');
    head = at;
  }
  var found = {};
  for (var row = head + 1; item >= 0 && value >= 0 && row < cells.length; row++) {
    if (!(cells[row][item] in found)) {
      found[cells[row][item]] = sheet.getRange(row + 1, value + 1);
    }
  }
  if (!found.refresh || !found.asked_by || !found.request) {
    toast_('This spreadsheet has no control tab of qa-sync (' + CONTROL + ') that takes requests.');
    return null;
  }
  return found;
}

function toast_(text) {
  SpreadsheetApp.getActiveSpreadsheet().toast(text, 'Quality');
}
