"""Pages of the workers app."""

from django.urls import path

from workers.views import checking, day, dispatching, entries, hours, months, my_hours, notes, people

app_name = "workers"
urlpatterns = [
    path("affectations/", dispatching.board, name="board"),
    path("affectations/travaux/<uuid:work_order>/donner/", dispatching.assign, name="assign"),
    path("affectations/deposer/<uuid:trainee>/", dispatching.drop, name="drop"),
    path("affectations/aide/<uuid:call>/", dispatching.answer, name="answer"),
    path("affectations/<uuid:assignment>/deplacer/", dispatching.move, name="move"),
    path("affectations/<uuid:assignment>/retirer/", dispatching.take_back, name="unassign"),
    path("affectations/a-valider/", checking.to_validate, name="to_validate"),
    path("affectations/<uuid:assignment>/valider/", checking.validate, name="validate"),
    path("affectations/<uuid:assignment>/a-refaire/", checking.return_work, name="send_back"),
    path("equipe/", people.trainees, name="trainees"),
    path("equipe/<uuid:trainee>/", people.trainee_page, name="trainee"),
    path("equipe/<uuid:trainee>/competence/", people.save_skill, name="skill"),
    path("equipe/<uuid:trainee>/absence/", people.save_absence, name="absence"),
    path("ma-journee/", day.day, name="day"),
    path("ma-journee/aide/", day.ask_help, name="help"),
    path("ma-journee/<uuid:assignment>/vu/", day.seen, name="acknowledge"),
    path("ma-journee/<uuid:assignment>/commencer/", day.start, name="start"),
    path("ma-journee/<uuid:assignment>/terminer/", day.finish, name="finish"),
    path("ma-journee/<uuid:assignment>/refuser/", day.refuse, name="decline"),
    path("ma-journee/temps/", my_hours.clock_in, name="clock_in"),
    path("ma-journee/temps/fin/", my_hours.clock_out, name="clock_out"),
    path("ma-journee/pause/", my_hours.pause, name="pause"),
    path("ma-journee/reprendre/", my_hours.resume, name="resume"),
    path("mes-heures/", my_hours.my_hours, name="my_hours"),
    path("mes-heures/dire/", my_hours.say_hours, name="say_hours"),
    path("mes-notes/", my_hours.my_notes, name="my_notes"),
    path("heures/", hours.hours, name="hours"),
    path("heures/valider/", hours.validate, name="validate_hours"),
    path("heures/annuler/", hours.undo, name="undo_hours"),
    path("heures/completer/", hours.fill, name="fill_hours"),
    path("heures/ajouter/", entries.add, name="add_hours"),
    path("heures/mois/", months.months, name="months"),
    path("heures/mois/<slug:slug>/cloturer/", months.close, name="close_month"),
    path("heures/mois/<slug:slug>/rouvrir/", months.reopen, name="reopen_month"),
    path("heures/mois/<slug:slug>/fichier/<str:kind>/", months.month_file, name="month_file"),
    path("heures/personne/<uuid:trainee>/", months.person_month, name="person_month"),
    path("heures/personne/<uuid:trainee>/fichier/<str:kind>/", months.person_file, name="person_file"),
    path("heures/<uuid:entry>/", entries.entry, name="entry"),
    path("equipe/<uuid:trainee>/notes/", notes.notes, name="notes"),
    path("equipe/notes/<uuid:note>/corriger/", notes.correct, name="correct_note"),
]
