"""The card of a part's question: prompt, answer, sure or not, Check, "I don't know, show me", hint and verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tutor.course.question import (
    Answer,
    ChoiceAnswer,
    ChoiceQuestion,
    NumbersAnswer,
    NumbersQuestion,
    Question,
    ShowMe,
    Verdict,
    fits,
    judge,
    number_text,
    settles,
)
from tutor.course.typed import UnreadableAnswerError, read_numbers
from tutor.i18n import _
from tutor.views.fonts import Weight, sans
from tutor.views.lesson.answer_inputs import NumberBoxes, Options
from tutor.views.lesson.flow_row import FlowRow
from tutor.views.lesson.verdict import VerdictView
from tutor.views.prose.view import Prose
from tutor.views.theme import LIGHT, SMALLEST_PIXELS, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session


class QuestionView(QFrame):
    """Asks one question and shows what came of it; the session judges and keeps the answers."""

    answered = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._question: Question | None = None
        self._tried: Answer | None = None
        self._is_settled = False
        self._make_widgets()
        self._lay_out()
        self.check_button.clicked.connect(self._on_check_clicked)
        self.show_button.clicked.connect(self._on_show_clicked)
        self.hint_button.clicked.connect(self._on_hint_clicked)
        self.again_button.clicked.connect(self._on_again_clicked)
        self.retranslate()

    def _make_widgets(self) -> None:
        self.setProperty("role", "card")
        self.kicker = QLabel(self)
        self.prompt = Prose(self)
        self.subject = Prose(self)
        self.inputs: NumberBoxes | Options | None = None
        self.complaint = QLabel(self)
        self.complaint.setProperty("role", "error")
        self.complaint.setWordWrap(True)
        self.sure_button = QPushButton(self)
        self.unsure_button = QPushButton(self)
        self.sure_button.setCheckable(True)
        self.unsure_button.setCheckable(True)
        self._sureness = QButtonGroup(self)
        self._sureness.addButton(self.sure_button)
        self._sureness.addButton(self.unsure_button)
        self.check_button = QPushButton(self)
        self.check_button.setProperty("primary", True)
        self.show_button = QPushButton(self, flat=True)
        self.hint_button = QPushButton(self, flat=True)
        self.again_button = QPushButton(self, flat=True)
        self.hint = Prose(self, scale=1.04)
        self.verdict = VerdictView(self)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.kicker)
        layout.addWidget(self.prompt)
        self._input_place = QHBoxLayout()
        self._input_place.addWidget(self.subject)
        layout.addLayout(self._input_place)
        layout.addWidget(self.complaint)
        layout.addWidget(self.verdict)
        layout.addWidget(self.hint)
        layout.addLayout(FlowRow(self.sure_button, self.unsure_button))
        layout.addLayout(FlowRow(self.check_button, self.hint_button, self.show_button))
        layout.addLayout(FlowRow(self.again_button))

    @property
    def allows_closing(self) -> bool:
        """Whether no question is open here any more."""
        return self._question is None or self._is_settled

    def show_question(self, question: Question | None) -> None:
        """Another question, or the same after an answer."""
        if question != self._question:
            self._question = question
            self._tried = None
            self._make_inputs(question)
        self.setVisible(question is not None)
        if question is not None:
            self._refresh(question)

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        for prose in (self.prompt, self.subject, self.hint):
            prose.apply_theme(palette)
        self.verdict.apply_theme(palette)
        if self.inputs is not None:
            self.inputs.apply_theme(palette)
        self._set_sizes()

    def retranslate(self) -> None:
        self.kicker.setText(_("PREDICT"))
        self.check_button.setText(_("Check"))
        self.sure_button.setText(_("Sure"))
        self.unsure_button.setText(_("Not sure"))
        self.show_button.setText(_("I don’t know, show me"))
        self.hint_button.setText(_("Hint"))
        self.again_button.setText(_("Answer again"))
        self.verdict.retranslate()
        if self.inputs is not None:
            self.inputs.retranslate()

    def set_text_size(self) -> None:
        """After the letters changed their size."""
        self._set_sizes()
        self.verdict.retranslate()

    # showing

    def _make_inputs(self, question: Question | None) -> None:
        if self.inputs is not None:
            self._input_place.removeWidget(self.inputs)
            self.inputs.hide()
            self.inputs.deleteLater()
        self.inputs = self._inputs_for(question)
        self.hint.hide()
        self._complain("")
        self._forget_sureness()
        if self.inputs is not None:
            self._input_place.addWidget(self.inputs, 1)
            self.inputs.submitted.connect(self._on_check_clicked)
            self.inputs.edited.connect(self._on_inputs_edited)
            self.inputs.apply_theme(self._palette)
            self._set_sizes()

    def _inputs_for(self, question: Question | None) -> NumberBoxes | Options | None:
        match question:
            case None:
                return None
            case NumbersQuestion():
                return NumberBoxes(question, self)
            case ChoiceQuestion():
                return Options(question, self)
            case _:
                assert_never(question)

    def _refresh(self, question: Question) -> None:
        self.prompt.set_markdown(question.prompt)
        self.hint.set_markdown(question.hint)
        subject = question.subject if isinstance(question, NumbersQuestion) else ""
        self.subject.set_markdown(f"`{subject}`" if subject in question.covers else subject)
        self.subject.setVisible(bool(subject))
        self.subject.fit_width()
        answer = self._answer(question)
        verdict = judge(question, answer) if answer is not None else None
        settled = settles(question, answer)
        self._is_settled = settled
        self._show_inputs(settled)
        self.verdict.setVisible(verdict is not None)
        self.again_button.setVisible(settled)
        if verdict is not None:
            self.hint.hide()
            self._show_verdict(question, verdict, settled)

    def _show_inputs(self, settled: bool) -> None:
        inputs = (self.check_button, self.sure_button, self.unsure_button, self.show_button, self.hint_button)
        for widget in (*inputs, self.subject) if settled else inputs:
            widget.setVisible(not settled)
        if self.inputs is not None:
            self.inputs.setVisible(not settled)

    def _show_verdict(self, question: Question, verdict: Verdict, settled: bool) -> None:
        self.hint_button.hide()
        own = self._own_answer(question)
        columns = question.shape[-1] if isinstance(question, NumbersQuestion) and question.shape else 1
        if isinstance(question, ChoiceQuestion):
            columns = 0
        self.verdict.show_verdict(verdict, given=_given(question, own), settled=settled, columns=columns)
        if isinstance(self.inputs, Options) and isinstance(own, ChoiceAnswer) and self.inputs.chosen is None:
            self.inputs.choose(own.option)
        if isinstance(self.inputs, NumberBoxes) and isinstance(own, NumbersAnswer) and not settled:
            if not any(self.inputs.texts):
                self.inputs.fill([number_text(number) for number in own.numbers])
            self.inputs.mark([not agrees for agrees in verdict.agrees])

    def _answer(self, question: Question) -> Answer | None:
        lesson = self._session.lesson
        answer = self._session.progress.answer(lesson.id, question.id) if lesson is not None else None
        return answer if answer is not None and fits(question, answer) else None

    def _own_answer(self, question: Question) -> Answer | None:
        """What the learner thought: the answer that stands, or before "show me" their last try or their first one."""
        answer = self._answer(question)
        if not isinstance(answer, ShowMe):
            return answer
        lesson = self._session.lesson
        record = self._session.progress.lesson(lesson.id).answers.get(question.id) if lesson else None
        first = record.first if record is not None else None
        return self._tried or (first if first is not None and fits(question, first) else None)

    def _set_sizes(self) -> None:
        pixels = max(self.font().pixelSize(), SMALLEST_PIXELS)
        kicker = sans(max(round(pixels * 0.85), SMALLEST_PIXELS), Weight.Bold)
        kicker.setLetterSpacing(kicker.SpacingType.AbsoluteSpacing, 1.2)
        self.kicker.setFont(kicker)
        self.kicker.setStyleSheet(f"color: {self._palette.gradient_text};")
        for link in (self.show_button, self.hint_button, self.again_button):
            link.setStyleSheet("padding: 4px 2px; text-align: left;")
        if self.inputs is not None:
            self.inputs.set_pixels(pixels)
        if self._question is not None:
            self.subject.fit_width()

    def _complain(self, text: str) -> None:
        self.complaint.setText(text)
        self.complaint.setVisible(bool(text))

    def _forget_sureness(self) -> None:
        self._sureness.setExclusive(False)
        self.sure_button.setChecked(False)
        self.unsure_button.setChecked(False)
        self._sureness.setExclusive(True)

    # answering

    def _on_check_clicked(self) -> None:
        answer = self._typed()
        if answer is not None:
            self._tried = answer
            self._give(answer)

    def _on_show_clicked(self) -> None:
        self._complain("")
        self._give(ShowMe())

    def _on_hint_clicked(self) -> None:
        self.hint.setVisible(not self.hint.isVisibleTo(self))

    def _on_again_clicked(self) -> None:
        if self._question is None or self._session.lesson is None:
            return
        self._tried = None
        self._make_inputs(self._question)
        self._session.reset_exercise(self._question.id)
        if self.inputs is not None:
            self.inputs.setFocus()

    def _on_inputs_edited(self) -> None:
        self._complain("")
        if isinstance(self.inputs, NumberBoxes):
            self.inputs.mark([False] * len(self.inputs.boxes))

    def _give(self, answer: Answer) -> None:
        if self._question is not None:
            self._session.answer(self._question.id, answer)
            if self._is_settled:
                self.setFocus()  # not where Qt would carry it from the boxes that go: here Space plays
            self.answered.emit()

    def _typed(self) -> Answer | None:
        """What stands in the inputs; None, and a word about it, where that is no answer."""
        if isinstance(self.inputs, Options):
            if self.inputs.chosen is None:
                self._complain(_("Choose one first."))
                return None
            return ChoiceAnswer(self.inputs.chosen, self._is_sure())
        if self.inputs is None:
            return None
        try:
            numbers = read_numbers(self.inputs.texts)
        except UnreadableAnswerError as fault:
            self._complain(str(fault))
            self.inputs.boxes[fault.box].setFocus()
            return None
        self._complain("")
        return NumbersAnswer(numbers, self._is_sure())

    def _is_sure(self) -> bool | None:
        if self.sure_button.isChecked():
            return True
        return False if self.unsure_button.isChecked() else None


def _given(question: Question, answer: Answer | None) -> tuple[str, ...]:
    match answer:
        case NumbersAnswer():
            return tuple(map(number_text, answer.numbers))
        case ChoiceAnswer() if isinstance(question, ChoiceQuestion):
            return (question.options[answer.option].text,)
        case _:
            return ()
